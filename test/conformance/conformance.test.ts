import {
  claudeSubject,
  codexSubject,
  httpForms,
  httpSubject,
  jsonLinesSubject,
  textSubject,
} from './builtInSubjects.ts';
import { describeConformance, describeForm } from './conformance.ts';

for (const subject of [claudeSubject, codexSubject, textSubject, jsonLinesSubject, httpSubject]) {
  describeConformance(subject);
}
for (const form of httpForms) describeForm(form);
