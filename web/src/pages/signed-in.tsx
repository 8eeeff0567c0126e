// Where the identity provider sends people back to; they see it for a moment, or why it failed.

import { useEffect, useState } from "preact/hooks";
import { go, paths } from "../navigation";
import { Blank } from "../parts/states";
import { signIn } from "../sign-in/actions";

export function SignedIn() {
  const [problem, setProblem] = useState<string>();
  const [from, setFrom] = useState<string>(paths.find);
  useEffect(() => {
    const returned = new URL(location.href);
    history.replaceState(null, "", paths.signedIn); // the code is used up, and nobody's to see
    void finish(returned, setFrom).then(setProblem);
  }, []);
  if (problem === undefined) {
    return (
      <Blank title="Signing you in …" isPage>
        <p aria-busy="true">This takes a moment.</p>
      </Blank>
    );
  }
  return (
    <Blank title="Signing in did not work" isPage>
      <p role="alert">{problem}</p>
      <div class="actions">
        <button type="button" onClick={() => void signIn(from)}>
          Try again
        </button>
        <a class="button quiet" href={from}>
          Go on without
        </a>
      </div>
    </Blank>
  );
}

// Resolves to what went wrong, if anything did; else the page is left for where it all began.
async function finish(returned: URL, onFrom: (path: string) => void): Promise<string | undefined> {
  const provider = await import("../sign-in/provider").catch(() => undefined);
  if (!provider) return "The server cannot be reached. Try again in a while.";
  const attempt = provider.takeAttempt();
  if (!attempt) return "This tab has not begun to sign in, or was reloaded in between.";
  onFrom(attempt.from);
  try {
    await provider.complete(attempt, returned);
    go(attempt.from, { replaces: true });
    return undefined;
  } catch (error) {
    return provider.inWords(error);
  }
}
