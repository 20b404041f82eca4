import { useAnswer } from "../api/use-answer.ts";
import { CommandBlock } from "../parts/command-block.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

const BY_HAND = [
  {
    where: "Debian, Ubuntu, Alpine",
    line: "sudo cp larder.crt /usr/local/share/ca-certificates/larder.crt && sudo update-ca-certificates",
  },
  {
    where: "Fedora, RHEL, Amazon Linux",
    line: "sudo cp larder.crt /etc/pki/ca-trust/source/anchors/larder.crt && sudo update-ca-trust",
  },
  {
    where: "openSUSE, SLES",
    line: "sudo cp larder.crt /etc/pki/trust/anchors/larder.crt && sudo update-ca-certificates",
  },
] as const;

/** Larder's authority: what to compare it by, and how it is trusted. */
export function AuthorityPanel() {
  const { answer, problem, again } = useAnswer("getAuthority", {});
  return (
    <section aria-labelledby="nodes-authority">
      <h2 id="nodes-authority">Certificate authority</h2>
      <ProblemNote problem={problem} again={again} />
      {answer === null && problem === null && <p class="quiet">Loading…</p>}
      {answer !== null &&
        (answer.authority === null ? (
          <p>
            This larder has no authority of its own: it serves plain HTTP alone, or a certificate of somebody else’s
            authority, which nodes trust already or get from there. <code>larder serve --https :443</code> makes one.
          </p>
        ) : (
          <Known authority={answer.authority} />
        ))}
    </section>
  );
}

type Authority = NonNullable<ReturnType<typeof useAnswer<"getAuthority">>["answer"]>["authority"];

function Known({ authority }: { readonly authority: NonNullable<Authority> }) {
  const { subject, fingerprint, validFromMs, validUntilMs, path, fetch } = authority;
  return (
    <>
      <dl class="facts">
        <dt>Name</dt>
        <dd>{subject}</dd>
        <dt>SHA-256 fingerprint</dt>
        <dd>
          <code class="nodes-fingerprint">{fingerprint}</code> <CopyButton text={fingerprint} label="the fingerprint" />
        </dd>
        <dt>Made</dt>
        <dd>
          <TimeAgo atMs={validFromMs} />
        </dd>
        <dt>Ends</dt>
        <dd>
          <TimeAgo atMs={validUntilMs} />
        </dd>
      </dl>
      <p>
        Over plain HTTP nobody vouches for what comes along. Before it is trusted, compare the fingerprint with what{" "}
        <code>larder ca</code> says on larder’s own machine.
      </p>
      <p class="buttons">
        <a class="button" href={path} download="larder.crt">
          Download the certificate
        </a>
      </p>
      <details>
        <summary>Trust it by hand</summary>
        <p>Fetch it, and look at its fingerprint:</p>
        <CommandBlock
          command={`${fetch}\nopenssl x509 -in larder.crt -noout -fingerprint -sha256`}
          label="the lines that fetch the certificate"
        />
        {BY_HAND.map(({ where, line }) => (
          <div key={where}>
            <p>{where}:</p>
            <CommandBlock command={line} label={`the line for ${where}`} />
          </div>
        ))}
        <p class="quiet">Runtimes read it when they start: restart what runs.</p>
      </details>
    </>
  );
}
