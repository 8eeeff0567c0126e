// Who is signed in, on every page: the way in, the way out, and why it did not come about.

import { paths } from "../navigation";
import { signIn, signOut } from "../sign-in/actions";
import { useSession } from "../sign-in/session";

export function Account() {
  const session = useSession();
  if (session.kind === "open" || session.kind === "unable") return null;
  if (location.pathname === paths.signedIn) return null;
  return (
    <nav class="account" aria-label="Your account">
      {session.kind === "out" ? (
        <button type="button" class="text" onClick={() => void signIn()}>
          Sign in
        </button>
      ) : (
        <>
          <span class="name" title={session.name}>
            <span class="unseen">Signed in as </span>
            {session.name}
          </span>
          <a href={paths.mine}>My parties</a>
          <button type="button" class="text" onClick={() => void signOut()}>
            Sign out
          </button>
        </>
      )}
    </nav>
  );
}

export function AccountNotice() {
  const session = useSession();
  if (session.kind === "unable") {
    return (
      <p class="notice" data-tone="plain">
        On this server joining and posting take signing in, and this page was given no client id to
        do that with (AUTH_CLIENT_ID). You can look around.
      </p>
    );
  }
  return (
    <div class="notice" role="status">
      {session.kind === "out" && session.problem && (
        <>
          <p>{session.problem}</p>
          <button type="button" onClick={() => void signIn()}>
            Sign in again
          </button>
        </>
      )}
    </div>
  );
}
