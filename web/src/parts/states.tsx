// What a page shows while it has nothing else: loading, failed, not there.

import type { ComponentChildren } from "preact";
import { Heading } from "./heading";

export function Loading({ tickets = 4 }: { tickets?: number }) {
  return (
    <div class="loading" aria-busy="true">
      <span class="unseen">Loading …</span>
      {Array.from({ length: tickets }, (_, index) => (
        <div key={index} class="ticket ghost" aria-hidden="true">
          <div class="stub" />
          <div class="body" />
        </div>
      ))}
    </div>
  );
}

export function Failed({ message, onAgain }: { message: string; onAgain: () => void }) {
  return (
    <section class="blank" role="alert">
      <h2>That did not load</h2>
      <p>{message}</p>
      <button type="button" onClick={onAgain}>
        Load again
      </button>
    </section>
  );
}

interface BlankProps {
  title: string;
  isPage?: boolean; // with nothing else on it
  level?: 2 | 3; // of the heading
  children: ComponentChildren;
}

export function Blank({ title, isPage = false, level = 2, children }: BlankProps) {
  const Title = `h${level}` as const;
  return (
    <section class="blank">
      {isPage ? <Heading title={title} /> : <Title>{title}</Title>}
      {children}
    </section>
  );
}
