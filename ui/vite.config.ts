// How the web page is built into dist/ui, and served with `npm run dev:ui` beside a running broker.
import { defineConfig } from 'vite';

const broker = process.env['LEVERET_MANAGEMENT'] ?? 'http://127.0.0.1:15672';

export default defineConfig({
  base: './',
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    target: 'es2023',
    // The page's content security policy lets nothing inline through.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': { target: broker, changeOrigin: false } } },
});
