// Browsers come from the system or from npm (@sparticuz/chromium), never from a download.
module.exports = { skipDownload: true };
