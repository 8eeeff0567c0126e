// A labelled field with its hint and what is wrong with it.

import type { ComponentChildren, JSX } from "preact";

export interface FieldProps {
  name: string;
  label: string;
  hint?: string;
  problem?: string | undefined;
  isOptional?: boolean;
}

// What an input needs so that its hint and problem are read out with it.
export function described({ name, hint, problem }: FieldProps) {
  const ids = [hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(" ");
  return {
    id: name,
    name,
    "aria-invalid": problem ? ("true" as const) : undefined,
    "aria-describedby": ids || undefined,
  };
}

export function Labelled(props: FieldProps & { class?: string; children: ComponentChildren }) {
  const { name, label, hint, problem, isOptional, children } = props;
  return (
    <div class={`field ${props.class ?? ""}`}>
      <div class="label">
        <label for={name}>{label}</label>
        {isOptional && <span aria-hidden="true">optional</span>}
      </div>
      {children}
      {problem && (
        <p class="problem" id={`${name}-problem`}>
          {problem}
        </p>
      )}
      {hint && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export function Field(
  props: FieldProps & { class?: string; input: JSX.IntrinsicElements["input"] },
) {
  return (
    <Labelled {...props}>
      <input autoComplete="off" {...props.input} {...described(props)} />
    </Labelled>
  );
}
