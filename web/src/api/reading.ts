// Queries that are sent again when they failed for want of a connection and it is back.

import type { AnyVariables, TypedDocumentNode, UseQueryArgs } from "@urql/preact";
import { useQuery, useSubscription } from "@urql/preact";
import { useEffect } from "preact/hooks";
import { mayBeBack } from "./live";

export interface Reading<Data> {
  data: Data | undefined;
  problem: string | undefined; // one sentence for the person
  again: () => void;
}

export function useReading<Data, Variables extends AnyVariables>(
  args: UseQueryArgs<Variables, Data>,
): Reading<Data> {
  const [result, execute] = useQuery<Data, Variables>(args);
  const { data, error, fetching } = result;
  const again = () => execute({ requestPolicy: "network-only" });
  const isUnreachable = !!error?.networkError && !fetching;
  useEffect(() => {
    if (!isUnreachable) return;
    let isStopped = false;
    void mayBeBack(2).then(() => isStopped || again());
    return () => {
      isStopped = true;
    };
  }, [isUnreachable, error]);
  const problem = error?.networkError
    ? "The server cannot be reached. Trying again …"
    : error?.graphQLErrors[0]?.message;
  return { data, problem, again };
}

// What a subscription brings goes to the cache, and from there to every query that shows it.
export function useFollowing<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  isPaused = false,
): Data | undefined {
  const [{ data }] = useSubscription<Data, Data, Variables>({
    query: document,
    variables,
    pause: isPaused,
  } as Parameters<typeof useSubscription<Data, Data, Variables>>[0]);
  return data;
}
