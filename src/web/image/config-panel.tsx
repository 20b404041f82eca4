import { useMemo } from "preact/hooks";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { JsonTree } from "../parts/json-tree.tsx";
import { configFacts } from "./config-fields.ts";
import type { Inspected } from "./image-document.ts";
import { PairsList } from "./pairs-list.tsx";

/** What an image runs, as whom, where; its labels. An artifact's config is shown as it is. */
export function ConfigPanel({ image }: { readonly image: Inspected }) {
  const { config, annotations } = image;
  const facts = useMemo(() => configFacts(config), [config]);
  const { fields, environment, labels, createdAtMs } = facts;
  const isEmpty = fields.length === 0 && environment.length === 0 && labels.length === 0;
  return (
    <>
      {config === null && <p class="quiet">There is no config here that could be read.</p>}
      {(fields.length > 0 || createdAtMs !== null) && (
        <dl class="facts">
          {fields.flatMap(({ name, values }) => [
            <dt key={name}>{name}</dt>,
            <dd key={`${name} value`}>
              {values.slice(0, 100).map((value, at) => (
                <div key={at}>
                  <code>
                    <StrangerText text={value} limit={2000} />
                  </code>
                </div>
              ))}
              {values.length > 100 && <span class="quiet">and {values.length - 100} more</span>}
            </dd>,
          ])}
          {createdAtMs !== null && (
            <>
              <dt>Created</dt>
              <dd>
                <TimeAgo atMs={createdAtMs} />
              </dd>
            </>
          )}
        </dl>
      )}
      <PairsList title="Environment" pairs={environment} />
      <PairsList title="Labels" pairs={labels} />
      <PairsList title="Annotations" pairs={Object.entries(annotations)} />
      {config !== null && isEmpty && <JsonTree label="Config" value={config} depth={2} />}
    </>
  );
}
