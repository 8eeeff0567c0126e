// What a click on "Sign in" or "Sign out" does; the library comes with it.

import { failed } from "./session";

// And back to the same page.
export async function signIn(from = location.pathname + location.search): Promise<void> {
  const provider = await import("./provider").catch(() => undefined);
  if (!provider) return failed("The server cannot be reached. Try again in a while.");
  await provider.begin(from).catch((error: unknown) => failed(provider.inWords(error)));
}

export async function signOut(): Promise<void> {
  const { leave } = await import("./provider");
  await leave();
}
