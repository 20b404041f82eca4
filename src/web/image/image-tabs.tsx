import { go } from "../parts/route.ts";
import { Tabs } from "../parts/tabs.tsx";
import { CommandsPanel } from "./commands-panel.tsx";
import { ConfigPanel } from "./config-panel.tsx";
import { type ImagePlace, imageHref } from "./image-address.ts";
import type { ImageDocument, Inspected, ListedManifest } from "./image-document.ts";
import { LayersPanel } from "./layers-panel.tsx";
import { RawPanel } from "./raw-panel.tsx";
import { ReferrersPanel } from "./referrers-panel.tsx";
import { useConfig } from "./use-config.ts";

const TABS = [
  { id: "layers", name: "Layers" },
  { id: "config", name: "Config" },
  { id: "attached", name: "Signatures and SBOMs" },
  { id: "commands", name: "Commands" },
  { id: "raw", name: "Raw" },
] as const;
type TabId = (typeof TABS)[number]["id"];

type Props = {
  /** The full name of what the address names. */
  readonly name: string;
  readonly digest: string;
  /** What is shown of it: itself, or one platform's image. */
  readonly image: Inspected;
  readonly document: ImageDocument;
  readonly attestations: readonly ListedManifest[];
  readonly kind: "image" | "chart" | "artifact";
  readonly place: ImagePlace;
};

/** What there is to know of an image, a page each. */
export function ImageTabs({ name, digest, image: inspected, document, attestations, kind, place }: Props) {
  const image = useConfig(inspected, document);
  const current = TABS.find(({ id }) => id === place.tab)?.id ?? "layers";
  const change = (tab: TabId) => go(imageHref(name, { ...place, tab, layer: undefined, folder: undefined }), false);
  const isPart = image.digest !== digest;
  const tabs = TABS.map(({ id, name: text }) => ({ id, name: id === "layers" && kind !== "image" ? "Content" : text }));
  return (
    <Tabs label="What is shown of the image" tabs={tabs} current={current} onChange={change}>
      {current === "layers" && <LayersPanel key={image.digest} shown={name} image={image} place={place} />}
      {current === "config" && <ConfigPanel key={image.digest} image={image} />}
      {current === "attached" && (
        <ReferrersPanel
          key={image.digest}
          name={name}
          image={isPart ? image.name : null}
          attestations={attestations.filter(({ attestsTo }) => attestsTo === image.digest)}
        />
      )}
      {current === "commands" && (
        <CommandsPanel
          name={name}
          digest={digest}
          kind={kind}
          platform={isPart && place.platform !== undefined ? platformIn(image) : null}
        />
      )}
      {current === "raw" && <RawPanel key={image.digest} image={image} document={document} />}
    </Tabs>
  );
}

/** Of an image that was chosen from an index. */
function platformIn({ config }: Inspected): string | null {
  if (typeof config !== "object" || config === null) return null;
  const { os, architecture, variant } = config as Readonly<Record<string, unknown>>;
  const parts = [os, architecture, variant].filter((part): part is string => typeof part === "string" && part !== "");
  return parts.length < 2 || parts.some((part) => !/^[\w.-]{1,40}$/.test(part)) ? null : parts.join("/");
}
