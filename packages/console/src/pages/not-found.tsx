// An address that leads nowhere.

export function NotFound() {
  return (
    <section>
      <h1>Not found</h1>
      <p>
        There is no page at this address. <a href="#/overview">Go to the overview</a>
      </p>
    </section>
  );
}
