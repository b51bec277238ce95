// What the page weighs, and that it asks nothing of anybody else.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const folder = 'dist/ui';
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => `${entry.parentPath}/${entry.name}`);

test('the whole page is below 120 KB, gzipped', () => {
  expect(files.length).toBeGreaterThan(3);
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(120_000);
});

test('nothing in it is inline, and nothing comes from elsewhere', () => {
  const html = readFileSync(`${folder}/index.html`, 'utf8');
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
  expect(html).not.toMatch(/(?:src|href)="(?!\.\/)/);
  const styles = files.filter(file => file.endsWith('.css')).map(file => readFileSync(file, 'utf8'));
  expect(styles.join('\n')).not.toMatch(/url\(|@import/);
});
