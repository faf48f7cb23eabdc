export default function About() {
  return <h1>next-about</h1>;
}
