// The WebSocket that subscriptions run over, and whether it is there.

import { createClient } from "graphql-ws";
import { useEffect, useState } from "preact/hooks";
import { bearer, refused } from "../sign-in/session";

// idle: nothing is followed. lost: something is, and the server cannot be reached.
export type Connection = "idle" | "live" | "lost";

const SILENCE = 8_000; // milliseconds after which the server is asked whether it is still there
const LONGEST_WAIT = 3_000; // milliseconds between attempts

const FORBIDDEN = 4403; // closed for its token: it is connected again without

let connection: Connection = "idle";
let sent: string | undefined; // the token that the socket was opened with
let attempts = 0;
let unanswered: ReturnType<typeof setTimeout> | undefined;
const watchers = new Set<(now: Connection) => void>();

function tell(now: Connection): void {
  if (now === connection) return;
  connection = now;
  for (const watcher of [...watchers]) watcher(now);
}

export const socket = createClient({
  url: `${location.origin.replace(/^http/, "ws")}/graphql`,
  keepAlive: SILENCE,
  connectionParams: () => {
    sent = bearer();
    return sent ? { Authorization: `Bearer ${sent}` } : undefined;
  },
  lazyCloseTimeout: 1_000, // from page to page over one socket
  retryAttempts: Number.POSITIVE_INFINITY,
  shouldRetry: () => true,
  retryWait: async () => {
    const most = Math.min(LONGEST_WAIT, 200 * 2 ** attempts++);
    await Promise.race([pause(most * (0.5 + Math.random() / 2)), event("online")]);
  },
  on: {
    connected: () => {
      attempts = 0;
      tell("live");
    },
    closed: (closing) => {
      clearTimeout(unanswered);
      const { code, reason } = closing as CloseEvent;
      if (code === FORBIDDEN && sent) refused(sent, reason.replace(/^Forbidden: /, ""));
      tell(code === 1000 ? "idle" : "lost");
    },
    ping: (isFromServer) => {
      if (!isFromServer) unanswered = setTimeout(() => socket.terminate(), SILENCE);
    },
    pong: (isFromServer) => {
      if (isFromServer) clearTimeout(unanswered);
    },
  },
});

// A browser that goes offline leaves its sockets hanging for a while, and says so at once.
addEventListener("offline", () => {
  if (connection === "live") {
    tell("lost");
    socket.terminate();
  }
});

export function onConnection(watcher: (now: Connection) => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function useConnection(): Connection {
  const [now, setNow] = useState(connection);
  useEffect(() => {
    setNow(connection);
    return onConnection(setNow);
  }, []);
  return now;
}

// Resolves when the server may be reachable again: soon, or when browser or socket say so.
export async function mayBeBack(attempt: number): Promise<void> {
  const most = Math.min(LONGEST_WAIT, 300 * 2 ** attempt);
  const live = new Promise<void>((resolve) => {
    const stop = onConnection((now) => {
      if (now !== "live") return;
      stop();
      resolve();
    });
  });
  await Promise.race([pause(most * (0.5 + Math.random() / 2)), event("online"), live]);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function event(name: string): Promise<void> {
  return new Promise((resolve) => addEventListener(name, () => resolve(), { once: true }));
}
