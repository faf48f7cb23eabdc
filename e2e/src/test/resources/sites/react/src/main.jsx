import { createRoot } from 'react-dom/client';
import './main.css';

createRoot(document.getElementById('app')).render(<h1>Deployed with React</h1>);
