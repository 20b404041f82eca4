import { JsonTree } from "../parts/json-tree.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";

type Props = { readonly contentType: string; readonly body: string };

const DEPTH = 3;
const LONGEST = 4000;

/** The body of a request, to look into; as text, where it is cut. */
export function MessageBody({ contentType, body }: Props) {
  const value = parse(body);
  return (
    <div class="message">
      <p class="quiet">
        Content-Type: <code>{contentType}</code>
      </p>
      {value === null ? (
        <StrangerText text={body} limit={LONGEST} />
      ) : (
        <JsonTree label="Body" value={value} depth={DEPTH} />
      )}
    </div>
  );
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null; // What was cut is no JSON any more.
  }
}
