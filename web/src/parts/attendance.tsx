// +1 and −1. A key is drawn for each click and kept however often the click has to be sent.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { drawKey, useChange } from "../api/change";
import {
  JoinPartyDocument,
  type JoinPartyInput,
  LeavePartyDocument,
  type TicketFragment,
  type ViewedFragment,
} from "../api/generated/operations";
import { signIn } from "../sign-in/actions";
import { useSession } from "../sign-in/session";
import { Count } from "./count";

type Action = "join" | "leave";

// How the last click ended. Again is what sending again means then: the same click, or a new one.
interface Notice {
  tone: "good" | "bad" | "plain";
  text: string;
  again?: { label: string; click: () => void };
}

interface Props {
  party: TicketFragment & ViewedFragment;
  isViewersOwn: boolean; // posted by who is signed in
}

const COUNTED: Record<Action, string> = {
  join: "You are counted in. See you there!",
  leave: "You are counted out.",
};

export function Attendance({ party, isViewersOwn }: Props) {
  const session = useSession();
  const { phase, send } = useChange();
  const [notice, setNotice] = useState<Notice>();
  const join = useRef<HTMLButtonElement>(null);
  const leave = useRef<HTMLButtonElement>(null);
  const isUnknown = useRef(false);

  async function click(action: Action, people: number): Promise<void> {
    if (isUnknown.current) return;
    await submit(action, {
      partyId: party.id,
      expectedPeople: people,
      idempotencyKey: drawKey(),
    });
  }

  async function submit(action: Action, input: JoinPartyInput): Promise<void> {
    const ending =
      action === "join"
        ? await send(JoinPartyDocument, input)
        : await send(LeavePartyDocument, input);
    if (ending === undefined) return;
    isUnknown.current = ending.kind === "unknown";
    if (ending.kind === "nobody") {
      const again = { label: "Sign in", click: () => void signIn() };
      setNotice({ tone: "plain", text: ending.message, again });
      return;
    }
    if (ending.kind !== "answered") {
      const again = { label: "Ask again", click: () => void submit(action, input) };
      setNotice({ tone: "bad", text: ending.message, again });
      return;
    }
    const result = "joinParty" in ending.data ? ending.data.joinParty : ending.data.leaveParty;
    if (!result) return;
    if (result.__typename === "ConflictError") {
      const { people } = result.party;
      const again = { label: "Try again", click: () => void click(action, people) };
      setNotice({ tone: "bad", text: result.message, again });
    } else if ("message" in result) {
      setNotice({ tone: "bad", text: result.message });
    } else {
      setNotice({ tone: "good", text: COUNTED[action] });
    }
  }

  // Where people sign in, each comes or does not; elsewhere anybody counts anybody in and out.
  const isSignedIn = session.kind === "in";
  const hasJoined = isSignedIn && party.viewerHasJoined === true;
  const mayLeave = party.people > 0 && (session.kind === "open" || hasJoined);
  useLayoutEffect(() => {
    // A button that is disabled loses the keyboard's focus.
    const focused = document.activeElement;
    if (!mayLeave && focused === leave.current) join.current?.focus();
    if (hasJoined && focused === join.current) leave.current?.focus();
  }, [mayLeave, hasJoined]);

  const isBusy = phase !== "idle";
  return (
    <section class="attendance" aria-label="Who comes">
      <div class="standing">
        <Count people={party.people} capacity={party.capacity} />
        {(hasJoined || isViewersOwn) && (
          <p class="you">
            {isViewersOwn && <span>You are the host</span>}
            {hasJoined && <span class="coming">You are coming</span>}
          </p>
        )}
      </div>
      <div class="actions">
        <button
          ref={join}
          type="button"
          class="join"
          disabled={hasJoined || session.kind === "unable"}
          aria-disabled={isBusy}
          onClick={() => void click("join", party.people)}
        >
          Join (+1)
        </button>
        <button
          ref={leave}
          type="button"
          class="quiet"
          disabled={!mayLeave}
          aria-disabled={isBusy}
          onClick={() => void click("leave", party.people)}
        >
          Leave (−1)
        </button>
      </div>
      <div class="notice" role="status" data-tone={phase === "waiting" ? "bad" : notice?.tone}>
        {phase === "waiting" ? (
          <p>
            The server cannot be reached. Your click is kept and sent again until it is answered; it
            counts once.
          </p>
        ) : (
          notice && <p>{notice.text}</p>
        )}
        {notice?.again && !isBusy && (
          <button type="button" onClick={notice.again.click}>
            {notice.again.label}
          </button>
        )}
      </div>
    </section>
  );
}
