import type { AnswerOf } from "../../admin/contract.ts";
import { StrangerLink, StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

type Statement = AnswerOf<"listStatements">["statements"][number];
type Certificate = Statement["certificates"][number];

const FORMS: Readonly<Record<Statement["form"], string>> = {
  simple: "cosign's signature, the older format",
  bundle: "a sigstore bundle",
  envelope: "a signed envelope (DSSE)",
  notation: "a signature of the Notary project",
  statement: "a statement, unsigned by itself",
  other: "a document",
};

/** By whom something was signed, in words. */
export function StatementFacts({ statement }: { readonly statement: Statement }) {
  const { form, predicateType, certificates, loggedAtMs, why } = statement;
  const [signer, ...chain] = certificates;
  const isSigned = form !== "statement" && form !== "other";
  return (
    <>
      {why !== null && (
        <p class="note note-problem">
          <StrangerText text={why} limit={500} />
        </p>
      )}
      <dl class="facts">
        <dt>Form</dt>
        <dd>{FORMS[form]}</dd>
        {predicateType !== null && (
          <>
            <dt>States</dt>
            <dd>
              <StrangerLink text={predicateType} limit={500} />
            </dd>
          </>
        )}
        {isSigned && why === null && (
          <>
            <dt>Signed by</dt>
            <dd>{signer === undefined ? "a key: it names nobody" : <Signer certificate={signer} />}</dd>
          </>
        )}
        {chain.length > 0 && (
          <>
            <dt>Vouched for by</dt>
            <dd>
              {chain.map(({ subject }, at) => (
                <div key={at}>
                  <StrangerText text={subject} limit={300} />
                </div>
              ))}
            </dd>
          </>
        )}
        {loggedAtMs !== null && (
          <>
            <dt>Logged</dt>
            <dd>
              <TimeAgo atMs={loggedAtMs} />, by the log's own word
            </dd>
          </>
        )}
      </dl>
    </>
  );
}

function Signer({ certificate }: { readonly certificate: Certificate }) {
  const { subject, issuer, identities, provider, validFromMs, validUntilMs } = certificate;
  const names = identities.length > 0 ? identities.slice(0, 20) : [subject];
  return (
    <>
      {names.map((name) => (
        <div key={name}>
          <StrangerText text={name} limit={500} />
        </div>
      ))}
      {provider !== null && (
        <div class="quiet">
          known to <StrangerText text={provider} limit={300} />
        </div>
      )}
      <div class="quiet">
        certificate of <StrangerText text={issuer} limit={300} />
        {validFromMs !== null && validUntilMs !== null && (
          <>
            , from <TimeAgo atMs={validFromMs} /> to <TimeAgo atMs={validUntilMs} />
          </>
        )}
      </div>
    </>
  );
}
