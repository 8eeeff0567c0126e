// "Delete", asked twice.

import { useRef, useState } from "preact/hooks";
import { drawKey, useChange } from "../api/change";
import {
  DeletePartyDocument,
  type DeletePartyInput,
  type TicketFragment,
} from "../api/generated/operations";
import { Confirm } from "./confirm";

interface Props {
  party: TicketFragment;
  onStart: () => void;
  onEnd: (isDeleted: boolean) => void;
}

export function Deletion({ party, onStart, onEnd }: Props) {
  const { phase, send } = useChange();
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const unknown = useRef<DeletePartyInput>();

  async function remove(): Promise<void> {
    onStart();
    const input = unknown.current ?? { partyId: party.id, idempotencyKey: drawKey() };
    const ending = await send(DeletePartyDocument, input);
    if (ending === undefined) return;
    unknown.current = ending.kind === "unknown" ? input : undefined;
    const result = ending.kind === "answered" ? ending.data.deleteParty : null;
    const isGone =
      result?.__typename === "DeletePartySuccess" || result?.__typename === "PartyNotFoundError";
    if (!isGone) {
      const message = result && "message" in result ? result.message : undefined;
      setProblem(ending.kind === "answered" ? message : ending.message);
    }
    onEnd(isGone);
  }

  return (
    <footer class="deletion">
      <button
        type="button"
        class="text danger"
        aria-disabled={phase !== "idle"}
        onClick={() => setAsking(true)}
      >
        Delete
      </button>
      {phase === "waiting" && <p class="problem">The server cannot be reached. Trying again …</p>}
      {problem && phase === "idle" && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {isAsking && (
        <Confirm
          title="Delete this party?"
          action="Delete"
          onAnswer={(isConfirmed) => {
            setAsking(false);
            if (isConfirmed) void remove();
          }}
        >
          <p>“{party.name}” disappears for everybody, and cannot be brought back.</p>
        </Confirm>
      )}
    </footer>
  );
}
