/** A choice of few as buttons side by side, a choice of many as a list. @module */

import { useId } from "preact/hooks";

/** One thing to choose. */
export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly group?: string;
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly choices: readonly Choice<Value>[];
  readonly change: (value: Value) => void;
}

/** Buttons, as radio buttons are for the keyboard and for screen readers. */
export function Segments<Value extends string>(
  { label, value, choices, change }: ChoiceProps<Value>,
) {
  const name = useId();
  return (
    <fieldset class="segments">
      <legend>{label}</legend>
      <div class="segments-row">
        {choices.map((choice) => (
          <label key={choice.value} class="segment">
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              onChange={() => change(choice.value)}
            />
            <span>{choice.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** A list. */
export function Select<Value extends string>(
  { label, value, choices, change }: ChoiceProps<Value>,
) {
  const id = useId();
  const groups = Map.groupBy(choices, ({ group }) => group ?? "");
  const known = choices.some((choice) => choice.value === value);
  return (
    <div class="field">
      <label for={id} class="field-label">{label}</label>
      <select
        id={id}
        value={value}
        onChange={(event) => {
          const chosen = choices.find((choice) =>
            choice.value === event.currentTarget.value
          );
          if (chosen) change(chosen.value);
        }}
      >
        {!known && <option value={value}>{value} (not known here)</option>}
        {[...groups].map(([group, members]) =>
          group === ""
            ? members.map((choice) => (
              <option key={choice.value} value={choice.value}>
                {choice.label}
              </option>
            ))
            : (
              <optgroup key={group} label={group}>
                {members.map((choice) => (
                  <option key={choice.value} value={choice.value}>
                    {choice.label}
                  </option>
                ))}
              </optgroup>
            )
        )}
      </select>
    </div>
  );
}
