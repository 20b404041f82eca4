import { expect, test } from "bun:test";
import { TemplateEvaluation } from "./evaluate-template.ts";
import { parseTemplate } from "./parse-template.ts";
import { TEMPLATE_FUNCTIONS } from "./template-functions.ts";

/** All that Helm 4.3's templates may call: Go's own functions, Sprig's without the environment's, and Helm's. */
const NAMES = `
  abbrev abbrevboth add add1 add1f addf adler32sum ago all and any append atoi b32dec b32enc b64dec b64enc base
  bcrypt biggest buildCustomCert call camelcase cat ceil chunk clean coalesce compact concat contains date
  dateInZone dateModify date_in_zone date_modify decryptAES deepCopy deepEqual default derivePassword dict dig dir
  div divf duration durationDays durationHours durationMicroseconds durationMilliseconds durationMinutes
  durationNanoseconds durationRound durationRoundTo durationSeconds durationTruncateTo durationWeeks empty
  encryptAES eq ext fail first float64 floor fromJson fromJsonArray fromToml fromYaml fromYamlArray ge genCA
  genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey get
  getHostByName gt has hasKey hasPrefix hasSuffix hello html htmlDate htmlDateInZone htpasswd include indent index
  initial initials int int64 isAbs join js kebabcase keys kindIs kindOf last le len list lookup lower lt max maxf
  merge mergeOverwrite min minf mod mul mulf mustAppend mustChunk mustCompact mustDateModify mustDeepCopy
  mustFirst mustFromJson mustHas mustInitial mustLast mustMerge mustMergeOverwrite mustPrepend mustPush
  mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit
  mustRest mustReverse mustSlice mustToDate mustToDuration mustToJson mustToPrettyJson mustToRawJson mustToToml
  mustToYaml mustUniq mustWithout must_date_modify ne nindent nospace not now omit or osBase osClean osDir osExt
  osIsAbs pick pluck plural prepend print printf println push quote randAlpha randAlphaNum randAscii randBytes
  randInt randNumeric regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral
  regexSplit repeat replace required rest reverse round semver semverCompare seq set sha1sum sha256sum sha512sum
  shuffle slice snakecase sortAlpha split splitList splitn squote sub subf substr swapcase ternary title toDate
  toDecimal toJson toPrettyJson toRawJson toString toStrings toToml toYaml toYamlPretty tpl trim trimAll
  trimPrefix trimSuffix trimall trunc tuple typeIs typeIsLike typeOf uniq unixEpoch unset until untilStep untitle
  upper urlJoin urlParse urlquery uuidv4 values without wrap wrapWith
`;

test("no function of Helm's is unknown", () => {
  const unknown = NAMES.trim()
    .split(/\s+/)
    .filter((name) => {
      const { body, definitions } = parseTemplate(`{{ ${name} }}`);
      const evaluation = new TemplateEvaluation(TEMPLATE_FUNCTIONS, definitions);
      evaluation.render(body, new Map());
      return [...evaluation.doubts.values()].some(({ reason }) => reason.endsWith("is not known"));
    });
  expect(unknown).toEqual([]);
});

test("no function fails otherwise than by refusing what it is given", () => {
  const values = ["nil", '""', '"a"', "1", "1.5", "true", "(list)", '(list 1 "a" nil)', '(dict "a" nil)', "-1"];
  for (const name of NAMES.trim().split(/\s+/)) {
    for (const first of values) {
      for (const second of values) {
        const { body, definitions } = parseTemplate(`{{ ${name} ${first} ${second} ${first} }}`);
        const evaluation = new TemplateEvaluation(TEMPLATE_FUNCTIONS, definitions);
        expect(typeof evaluation.render(body, new Map()).toString()).toBe("string");
      }
    }
  }
});
