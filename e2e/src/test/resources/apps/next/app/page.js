import Image from 'next/image';

export const dynamic = 'force-dynamic';

export default function Page() {
  console.log('next was asked');
  return (
    <main>
      <h1>next-marker {process.env.GREETING}</h1>
      <Image src="/logo.png" alt="Logo" width={64} height={64} />
    </main>
  );
}
