// Post a party. What the server says of a field stands beside it.

import { useEffect, useRef, useState } from "preact/hooks";
import { drawKey, useChange } from "../api/change";
import { CreatePartyDocument, type CreatePartyInput } from "../api/generated/operations";
import { go, paths } from "../navigation";
import { useCitySuggestions } from "../parts/cities";
import { keepDraft, takeDraft, type Values } from "../parts/draft";
import { described, Field, Labelled } from "../parts/field";
import { Heading } from "../parts/heading";
import { Suggesting } from "../parts/suggesting";
import { signIn } from "../sign-in/actions";
import { useSession } from "../sign-in/session";
import { instant, OWN_ZONE, ZONES } from "../time";

type Problems = Partial<Record<keyof Values, string>>;

const MOST_ZONES = 8;

export function NewParty({ city }: { city: string }) {
  const session = useSession();
  const form = useRef<HTMLFormElement>(null);
  const [draft] = useState(takeDraft);
  const [values, setValues] = useState<Values>({
    ...EMPTY,
    ...draft?.values,
    ...(city && { city }),
  });
  const [problems, setProblems] = useState<Problems>({});
  const [message, setMessage] = useState<string>();
  const { phase, send } = useChange();
  const [isNobody, setNobody] = useState(false);
  const unknown = useRef<CreatePartyInput | undefined>(draft?.unknown);
  const cities = useCitySuggestions(values.city);

  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [problems]);

  useEffect(() => {
    const keep = () => keepDraft({ values, unknown: unknown.current });
    addEventListener("pagehide", keep);
    return () => removeEventListener("pagehide", keep);
  }, [values]);

  function set(name: keyof Values, value: string): void {
    setValues((before) => ({ ...before, [name]: value }));
    unknown.current = undefined; // another party than the one whose fate is not known
  }

  async function post(): Promise<void> {
    const found = unusable(values);
    setProblems(found);
    setMessage(undefined);
    setNobody(false);
    if (Object.keys(found).length > 0) return setMessage("Some fields need another look.");
    const input = unknown.current ?? { ...asInput(values), idempotencyKey: drawKey() };
    const ending = await send(CreatePartyDocument, input);
    if (ending === undefined) return;
    unknown.current = ending.kind === "unknown" ? input : undefined;
    setNobody(ending.kind === "nobody");
    if (ending.kind !== "answered") return setMessage(ending.message);
    const result = ending.data.createParty;
    if (result?.__typename === "CreatePartySuccess") return go(paths.party(result.party.id));
    setMessage(result?.message);
    if (result?.__typename === "InvalidInputError") {
      setProblems(Object.fromEntries(result.fields.map((each) => [each.field, each.message])));
    }
  }

  const text = (name: keyof Values) => ({
    value: values[name],
    onInput: (event: Event) => set(name, (event.currentTarget as HTMLInputElement).value),
  });
  return (
    <>
      <Heading title="New party" />
      <p class="lead">Only name, city and date are needed.</p>
      <form
        ref={form}
        class="sheet"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void post();
        }}
      >
        <Field
          class="wide"
          name="name"
          label="Name"
          problem={problems.name}
          input={{ ...text("name"), placeholder: "Rooftop sunset" }}
        />
        <Suggesting
          name="city"
          label="City"
          value={values.city}
          suggestions={cities}
          problem={problems.city}
          onValue={(value) => set("city", value)}
        />
        <Field
          name="place"
          label="Place"
          isOptional
          problem={problems.place}
          input={{ ...text("place"), placeholder: "Rua das Flores 7" }}
        />
        <Field
          name="date"
          label="Date"
          problem={problems.date}
          input={{ type: "datetime-local", ...text("date") }}
        />
        <Suggesting
          name="timeZone"
          label="Time zone"
          value={values.timeZone}
          suggestions={zonesLike(values.timeZone)}
          problem={problems.timeZone}
          onValue={(value) => set("timeZone", value)}
        />
        <Labelled
          class="wide"
          name="description"
          label="Description"
          isOptional
          problem={problems.description}
        >
          <textarea
            rows={4}
            {...text("description")}
            {...described({ name: "description", label: "", problem: problems.description })}
          />
        </Labelled>
        <Field
          name="people"
          label="People"
          hint="How many come already"
          problem={problems.people}
          input={{ type: "number", min: 0, inputMode: "numeric", ...text("people") }}
        />
        <Field
          name="capacity"
          label="Capacity"
          isOptional
          hint="How many may come; no limit if left empty"
          problem={problems.capacity}
          input={{ type: "number", min: 0, inputMode: "numeric", ...text("capacity") }}
        />
        <div class="wide post">
          <button
            type="submit"
            disabled={session.kind === "unable"}
            aria-disabled={phase !== "idle"}
          >
            Post
          </button>
          <div class="notice" role="alert" data-tone={isNobody ? "plain" : undefined}>
            {phase === "waiting" ? (
              <p>
                The server cannot be reached. Your party is kept and sent again; it is posted once.
              </p>
            ) : (
              message && <p>{message}</p>
            )}
            {isNobody && phase === "idle" && (
              <button type="button" onClick={() => void signIn()}>
                Sign in
              </button>
            )}
          </div>
        </div>
      </form>
    </>
  );
}

const EMPTY: Values = {
  name: "",
  city: "",
  date: "",
  timeZone: OWN_ZONE,
  place: "",
  description: "",
  people: "0",
  capacity: "",
};

function zonesLike(typed: string): readonly string[] {
  const wanted = typed.trim().toLowerCase().replaceAll(" ", "_");
  if (wanted === "") return [];
  const found = ZONES.filter((zone) => zone.toLowerCase().includes(wanted));
  return found.length === 1 && found[0] === typed ? [] : found.slice(0, MOST_ZONES);
}

// What cannot be sent at all; the rest is the server's to judge.
function unusable(values: Values): Problems {
  const found: Problems = {};
  if (!values.name.trim()) found.name = "must not be blank";
  if (!values.city.trim()) found.city = "must not be blank";
  if (!instant(values.date, values.timeZone)) found.date = "must be a day and a time";
  for (const name of ["people", "capacity"] as const) {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || Math.abs(number) > 2 ** 31 - 1) {
      found[name] = "must be a whole number";
    }
  }
  return found;
}

function asInput(values: Values): CreatePartyInput {
  const orNull = (text: string) => text.trim() || null;
  return {
    name: values.name,
    city: values.city,
    date: instant(values.date, values.timeZone) ?? "",
    timeZone: values.timeZone.trim() || "UTC",
    place: orNull(values.place),
    description: orNull(values.description),
    people: Number(values.people),
    capacity: values.capacity.trim() === "" ? null : Number(values.capacity),
  };
}
