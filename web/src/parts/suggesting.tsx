// A text field that suggests as one types. It stays a textbox: what is typed need not be suggested.

import { useState } from "preact/hooks";
import { described, type FieldProps, Labelled } from "./field";

interface Props extends FieldProps {
  value: string;
  suggestions: readonly string[];
  placeholder?: string;
  class?: string;
  onValue: (value: string) => void;
  onPick?: (value: string) => void;
}

export function Suggesting({ value, suggestions, placeholder, onValue, onPick, ...field }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const isShown = isOpen && suggestions.length > 0;
  const list = `${field.name}-suggestions`;
  const option = (index: number) => `${list}-${index}`;

  function pick(suggestion: string): void {
    onValue(suggestion);
    setOpen(false);
    setActive(-1);
    onPick?.(suggestion);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && suggestions.length > 0) {
      event.preventDefault();
      setOpen(true);
      // One place more than there are suggestions: what was typed.
      const places = suggestions.length + 1;
      setActive(isShown ? ((active + 1 + step + places) % places) - 1 : step > 0 ? 0 : places - 2);
    } else if (event.key === "Escape" && isShown) {
      event.preventDefault();
      setOpen(false);
      setActive(-1);
    } else if (event.key === "Enter" && isShown) {
      const chosen = suggestions[active];
      if (chosen === undefined) return;
      event.preventDefault();
      pick(chosen);
    }
  }

  return (
    <Labelled {...field}>
      <div class="suggesting">
        <input
          type="text"
          autoComplete="off"
          autoCapitalize="words"
          spellcheck={false}
          placeholder={placeholder}
          value={value}
          {...described(field)}
          aria-autocomplete="list"
          aria-controls={isShown ? list : undefined}
          aria-activedescendant={isShown && active >= 0 ? option(active) : undefined}
          onInput={(event) => {
            onValue(event.currentTarget.value);
            setOpen(true);
            setActive(-1);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => setOpen(false)}
        />
        {isShown && (
          <div id={list} class="suggestions" role="listbox" aria-label="Suggestions">
            {suggestions.map((suggestion, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the textbox takes the keys
              <div
                key={suggestion}
                id={option(index)}
                role="option"
                tabIndex={-1}
                aria-selected={index === active}
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => pick(suggestion)}
              >
                {suggestion}
              </div>
            ))}
          </div>
        )}
      </div>
    </Labelled>
  );
}
