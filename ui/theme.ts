// Light or dark: as the system says, or as the user chose.
import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const REMEMBERED = 'leveret.theme';

/** What is chosen; charts are drawn anew when it changes. */
export const theme = signal<Theme>((localStorage.getItem(REMEMBERED) as Theme | null) ?? 'system');

apply();

/** From the system's to light, dark and back. */
export function nextTheme(): void {
  theme.value = theme.value === 'system' ? 'light' : theme.value === 'light' ? 'dark' : 'system';
  localStorage.setItem(REMEMBERED, theme.value);
  apply();
}

function apply(): void {
  document.documentElement.dataset['theme'] = theme.value;
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  // A chart takes its colours when it is made.
  const chosen = theme.value;
  theme.value = 'light';
  theme.value = chosen;
});
