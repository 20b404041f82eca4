import type { AnswerOf } from "../../admin/contract.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { hrefOfQuestion, type ImageQuestion } from "./image-question.ts";
import { formatCount } from "./format-count.ts";

type Props = {
  readonly question: ImageQuestion;
  /** Null: they have not come yet. */
  readonly namespaces: AnswerOf<"listNamespaces">["namespaces"] | null;
  readonly onChoose: (namespace: string) => void;
};

/** The registries that images are from, with how many there are of each: at the side, and where the page is narrow a choice. */
export function NamespaceList({ question, namespaces, onChoose }: Props) {
  const known = namespaces ?? [];
  // What is chosen stays, though nothing of it is meant any more.
  const isListed = question.namespace === "" || known.some(({ namespace }) => namespace === question.namespace);
  const nothing = { namespace: question.namespace, repositories: 0, tags: 0, sizeBytes: 0 };
  const all = isListed ? known : [nothing, ...known];
  const tags = known.reduce((sum, one) => sum + one.tags, 0);
  return (
    <nav class="namespaces" aria-label="Registries">
      <select
        aria-label="Registry"
        value={question.namespace}
        onChange={({ currentTarget }) => onChoose(currentTarget.value)}
      >
        <option value="">all registries</option>
        {all.map(({ namespace, tags: some }) => (
          <option key={namespace} value={namespace}>
            {namespace} ({formatCount(some)})
          </option>
        ))}
      </select>
      <ul>
        <Namespace
          question={question}
          namespace=""
          name="all registries"
          tags={namespaces === null ? null : tags}
          title=""
        />
        {all.map(({ namespace, repositories, tags: some, sizeBytes }) => (
          <Namespace
            key={namespace}
            question={question}
            namespace={namespace}
            name={namespace}
            tags={some}
            title={`${formatCount(repositories)} repositories, ${formatBytes(sizeBytes)} of layers`}
          />
        ))}
      </ul>
    </nav>
  );
}

type EntryProps = {
  readonly question: ImageQuestion;
  readonly namespace: string;
  readonly name: string;
  readonly tags: number | null;
  readonly title: string;
};

function Namespace({ question, namespace, name, tags, title }: EntryProps) {
  const isChosen = question.namespace === namespace;
  return (
    <li>
      <a href={hrefOfQuestion({ ...question, namespace })} aria-current={isChosen ? "true" : undefined} title={title}>
        <span>{name}</span>
        <span class="figure quiet">{tags === null ? "" : formatCount(tags)}</span>
      </a>
    </li>
  );
}
