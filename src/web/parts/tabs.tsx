import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { stepOf } from "./step-of.ts";

type Props<Id extends string> = {
  /** What the tabs are of. */
  readonly label: string;
  readonly tabs: readonly { readonly id: Id; readonly name: ComponentChildren }[];
  readonly current: Id;
  readonly onChange: (id: Id) => void;
  /** What is on the tab that is shown. */
  readonly children: ComponentChildren;
};

/** Pages behind each other, one of which is shown. Arrows, Home and End move between the tabs, Tab goes on into the page. */
export function Tabs<Id extends string>({ label, tabs, current, onChange, children }: Props<Id>) {
  const prefix = useId();
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ id }) => id === current);
    const to = stepOf(event.key, at, tabs.length);
    const tab = to === null ? undefined : tabs[to];
    if (tab === undefined || to === null) return;
    event.preventDefault();
    onChange(tab.id);
    list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[to]?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {tabs.map(({ id, name }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`${prefix}-${id}`}
            aria-selected={id === current}
            aria-controls={`${prefix}-panel`}
            tabIndex={id === current ? 0 : -1}
            onClick={() => onChange(id)}
          >
            {name}
          </button>
        ))}
      </div>
      <div
        class="tab-panel"
        role="tabpanel"
        id={`${prefix}-panel`}
        aria-labelledby={`${prefix}-${current}`}
        tabIndex={0}
      >
        {children}
      </div>
    </>
  );
}
