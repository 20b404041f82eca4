import { Field } from "../parts/field.tsx";
import type { DiscoveryOptions } from "./discovery-options.ts";

type Props = {
  readonly options: DiscoveryOptions;
  readonly onChange: (options: DiscoveryOptions) => void;
  /** Looks once more through what was given; null: nothing was. */
  readonly onAgain: (() => void) | null;
  /** Looks for a Kubernetes release alone. */
  readonly onRelease: () => void;
};

/** For which nodes, with which values, and what else is wanted. */
export function OptionsForm({ options, onChange, onAgain, onRelease }: Props) {
  const text = (name: "platforms" | "kubernetes" | "runtime" | "addOns" | "values" | "set") => ({
    value: options[name],
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
      onChange({ ...options, [name]: currentTarget.value }),
  });
  const hasRelease = options.kubernetes.trim() !== "";
  return (
    <form
      class="cluster-options"
      onSubmit={(event) => {
        event.preventDefault();
        if (onAgain !== null) onAgain();
        else if (hasRelease) onRelease();
      }}
    >
      <Field
        label="Platforms of the nodes"
        hint="One is what such a node takes; several between commas are all insisted on; all takes everything."
      >
        {(tied) => (
          <>
            <input
              {...tied}
              type="text"
              list="platforms"
              spellcheck={false}
              autocomplete="off"
              {...text("platforms")}
            />
            <datalist id="platforms">
              {["linux/amd64", "linux/arm64", "linux/amd64,linux/arm64", "all"].map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <details>
        <summary>Values for charts, a Kubernetes release</summary>
        <div class="cluster-columns">
          <Field label="Values for charts" hint="YAML, as for helm template --values; for every chart">
            {(tied) => <textarea {...tied} rows={4} class="mono" spellcheck={false} {...text("values")} />}
          </Field>
          <Field label="Single values" hint="A line each, as --set takes them: image.tag=1.2.3">
            {(tied) => <textarea {...tied} rows={4} class="mono" spellcheck={false} {...text("set")} />}
          </Field>
          <Field label="Images of a Kubernetes release, too" hint="v1.31.2, or 1.31 for its newest known patch">
            {(tied) => <input {...tied} type="text" spellcheck={false} autocomplete="off" {...text("kubernetes")} />}
          </Field>
          <Field label="Runtime of the nodes" hint="For its sandbox image: containerd@2.1, cri-o@1.34">
            {(tied) => <input {...tied} type="text" spellcheck={false} autocomplete="off" {...text("runtime")} />}
          </Field>
          <Field label="Add-ons" hint="flannel, calico, cilium, metallb@0.16.1 …">
            {(tied) => <input {...tied} type="text" spellcheck={false} autocomplete="off" {...text("addOns")} />}
          </Field>
          <p>
            <label>
              <input
                type="checkbox"
                checked={options.strict}
                onChange={({ currentTarget }) => onChange({ ...options, strict: currentTarget.checked })}
              />
              Leave out guesses (images in arguments and environment variables)
            </label>
          </p>
        </div>
      </details>
      {(onAgain !== null || hasRelease) && (
        <button type="submit">{onAgain !== null ? "Check again with these" : "Check the release"}</button>
      )}
    </form>
  );
}
