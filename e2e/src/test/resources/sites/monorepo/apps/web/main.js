import { words } from '@mono/words';

document.getElementById('app').textContent = words;
