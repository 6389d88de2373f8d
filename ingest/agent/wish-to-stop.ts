// Pure: does a person ask, in free words, to get no more messages? Only flags the message for somebody
// to look at; what opts out at once are the keywords.
import { foldText } from './keywords.ts';

const TEXT_LENGTH_MAX = 2_000;
const BY_TEXT = 'text|messag|msg|sms|contact|writ|spam|send|mail|call|bother|harass|pester|annoy';
const TEXTS = '(?:texts?|messages?|msgs?|sms|spam|mails?)';

/** Folded text between blanks, so that a blank in a pattern is the end of a word in any script. */
const ENGLISH = [
  ` (?:stop|quit|cease) (?:\\w+ ){0,2}?(?:${BY_TEXT})(?:t|m)?ing (?:\\w+ ){0,2}?(?:me|us|my|this|these) `,
  ` (?:stop|quit|cease) (?:texting|messaging|spamming|contacting) (?:please |pls |now |already )?$`,
  `(?<! (?:to|2)) (?:stop|end) (?:all |these |those |the |your |with |sending |any |more ){0,3}${TEXTS} `,
  '^ (?:please |pls |plz |just ){0,2}stop (?:it |this |that |now |please |pls |plz |already |\\d+ ){1,3}$',
  '^ (?:please |pls |plz |just ){1,2}stop ',
  ' (?:do not|dont|never) (?:ever |you |please ){0,2}(?:text|message|msg|sms|contact) (?:me|us|this|my) ',
  ' (?:do not|dont|never) (?:\\w+ ){0,2}(?:write|call|mail|send) (?:\\w+ ){0,4}(?:again|anymore|any more) ',
  ` (?:no|dont want|do not want|dont need) (?:any ?more|more) (?:of )?(?:your |these |this )?${TEXTS} `,
  ' (?:remove|delete) (?:me|us|my number|this number) (?:from|off) ',
  ' take (?:me|us|my number) off (?:of )?(?:your|this|the|that) ',
  ' (?:lose|delete|erase|remove) my number ',
  ' (?:opt (?:me|us) out|opting out|opt out (?:please|now|of this|of these|me)) ',
  ' (?:want|wish|like|need|please|pls|let me) (?:to )?(?:opt out|unsubscribe) ',
  '(?<! to) unsubscribe (?:me|us|now|please|pls|from (?:this|these|your)) ',
  ' leave (?:me|us) alone ',
  '^ (?:please |pls )?(?:cancel|end) (?:my |this |the )?(?:subscription|membership|service) $',
];
const OTHER_LANGUAGES = [
  // Spanish
  ' no (?:me|nos) (?:escrib|mand|enví|envi|contact|llam|molest)\\p{L}* (?:\\p{L}+ ){0,2}más ',
  ' dej(?:a|e|en|ad) de (?:escribir|mandar|enviar|molestar|llamar|contactar)\\p{L}* ',
  ' (?:darme|dame|deme|denme) de baja ',
  // French
  ' arrêt(?:e|ez|er) (?:de |d)(?:me |m|nous )?(?:envoyer|écrire|contacter|appeler|texter|harceler) ',
  ' ne (?:me |m|nous )(?:envo|écri|contact|appel|text)\\p{L}* (?:\\p{L}+ )?plus ',
  ' (?:désabonn|désinscri)\\p{L}* (?:moi|nous) ',
  // German
  ' (?:keine|nie wieder) (?:sms|nachrichten|texte|mails) (?:mehr|wieder)? ?',
  ' (?:hör|hört|hören sie) (?:bitte )?auf (?:mir |mich |uns )?(?:zu )?\\p{L}+ ',
  ' (?:lass|lasst|lassen sie) (?:mich|uns) (?:bitte )?in ruhe ',
  ' (?:schreib|schreibt|schreiben sie|kontaktieren sie) (?:mir|mich|uns) (?:bitte )?nicht mehr ',
  // Portuguese and Italian
  ' par(?:e|em|a) de (?:me )?(?:enviar|mandar|escrever|ligar|contatar) ',
  ' não (?:me|nos) (?:envi|mand|escrev|lig|contat)\\p{L}* (?:\\p{L}+ ){0,2}mais ',
  ' smett(?:i|a|ete|etela) di (?:scriver|mandar|inviar|chiamar|contattar)\\p{L}* ',
  ' non (?:scriv|mand|invi|chiam|contatt)\\p{L}* (?:\\p{L}+ ){0,2}più ',
];
const WISHES = [...ENGLISH, ...OTHER_LANGUAGES].map((source) => new RegExp(source, 'u'));

/** True for a wish in free words, in six languages, to be written to no more. */
export function wishesToStop(text: string): boolean {
  const folded = ` ${foldText(text.slice(0, TEXT_LENGTH_MAX))} `;
  return WISHES.some((wish) => wish.test(folded));
}
