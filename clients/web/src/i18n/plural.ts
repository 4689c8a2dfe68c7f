/** One form per plural category of the language; `other` always. `{count}` is the number. */
export type Plural = { readonly other: string } & { readonly [Category in Exclude<Intl.LDMLPluralRule, "other">]?: string };
