// A page's title: shown, in the tab, and read out when one page follows another.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

let isFirstPage = true;

export function Heading({ title, children }: { title: string; children?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = title === "Partyfinder" ? title : `${title} · Partyfinder`;
  }, [title]);
  useEffect(() => {
    if (!isFirstPage && document.activeElement === document.body) heading.current?.focus();
    isFirstPage = false;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children ?? title}
    </h1>
  );
}
