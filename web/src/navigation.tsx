// Addresses of pages, and going from one to another without loading anew.

import { useEffect, useState } from "preact/hooks";

export const paths = {
  find: "/",
  city: (name: string) => `/city/${encodeURIComponent(name)}`,
  party: (id: string) => `/party/${encodeURIComponent(id)}`,
  mine: "/mine",
  signedIn: "/signed-in",
  newParty: (city?: string) => (city ? `/new?city=${encodeURIComponent(city)}` : "/new"),
};

const MOVED = "partyfinder:moved";

export function go(path: string, { replaces = false } = {}): void {
  history[replaces ? "replaceState" : "pushState"](null, "", path);
  if (!replaces) scrollTo(0, 0);
  dispatchEvent(new Event(MOVED));
}

export interface Place {
  pathname: string;
  search: URLSearchParams;
}

export function usePlace(): Place {
  const [href, setHref] = useState(location.href);
  useEffect(() => {
    const update = () => setHref(location.href);
    update(); // who goes back while the page loads is not forgotten
    addEventListener(MOVED, update);
    addEventListener("popstate", update);
    document.addEventListener("click", followLink);
    return () => {
      removeEventListener(MOVED, update);
      removeEventListener("popstate", update);
      document.removeEventListener("click", followLink);
    };
  }, []);
  const { pathname, searchParams } = new URL(href);
  return { pathname, search: searchParams };
}

// The part of a path after a prefix, decoded; undefined where it is another page's.
export function after(prefix: string, pathname: string): string | undefined {
  if (!pathname.startsWith(prefix) || pathname.length === prefix.length) return undefined;
  try {
    return decodeURIComponent(pathname.slice(prefix.length));
  } catch {
    return undefined;
  }
}

function followLink(click: MouseEvent): void {
  const link = (click.target as Element).closest("a");
  const isPlain = click.button === 0 && !click.metaKey && !click.ctrlKey && !click.shiftKey;
  if (!link || !isPlain || click.altKey || click.defaultPrevented) return;
  if (link.origin !== location.origin || link.hasAttribute("data-outside")) return;
  click.preventDefault();
  go(link.pathname + link.search);
}
