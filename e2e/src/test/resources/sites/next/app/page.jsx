export default function Page() {
  return <h1>Deployed with Next.js</h1>;
}
