// What surrounds every page: the way home, the way to a new party, and the state of the connection.

import type { ComponentChildren } from "preact";
import { useConnection } from "../api/live";
import { go, paths } from "../navigation";
import { Account, AccountNotice } from "./account";

export function Frame({
  city,
  children,
}: {
  city: string | undefined;
  children: ComponentChildren;
}) {
  const connection = useConnection();
  return (
    <>
      <a class="skip" href="#main" data-outside>
        Skip to the page
      </a>
      <header class="bar">
        <a class="home" href={paths.find}>
          <Mark />
          Partyfinder
        </a>
        <Account />
        <button type="button" class="quiet" onClick={() => go(paths.newParty(city))}>
          New party
        </button>
      </header>
      <AccountNotice />
      <main id="main">{children}</main>
      <footer class="bar foot">
        <span>
          One GraphQL API for people and programs: <code>/graphql</code>
        </span>
      </footer>
      <div class="connection" aria-live="polite" data-connection={connection}>
        {connection === "lost" && (
          <p>
            <strong>Connection lost.</strong> Numbers may be old; trying again …
          </p>
        )}
      </div>
    </>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M4 9a3 3 0 0 1 3-3h18a3 3 0 0 1 3 3v3a4 4 0 0 0 0 8v3a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3v-3a4 4 0 0 0 0-8z" />
      <circle cx="12" cy="16" r="2.5" />
      <circle cx="20" cy="16" r="2.5" />
    </svg>
  );
}
