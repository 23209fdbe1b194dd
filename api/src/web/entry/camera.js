// Reads an activation code with the camera, where the browser can.

/** What an activation code says: {username, code}; null for anything else. */
export function activation(text) {
  const fragment = text.includes("#") ? text.slice(text.indexOf("#") + 1) : text;
  const fields = new URLSearchParams(fragment);
  const [username, code] = [fields.get("akun"), fields.get("kode")];
  return username && code ? { username, code } : null;
}

export async function canScan() {
  if (!("BarcodeDetector" in globalThis) || !navigator.mediaDevices?.getUserMedia) return false;
  try {
    return (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
  } catch {
    return false;
  }
}

/** Shows the camera in `video` until an activation code is seen or `signal` ends it. Answers the code, or null. */
export async function scan(video, signal) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  try {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    video.srcObject = stream;
    await video.play();
    while (!signal.aborted) {
      for (const { rawValue } of await detector.detect(video)) {
        const found = activation(rawValue);
        if (found) return found;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return null;
  } finally {
    video.srcObject = null;
    for (const track of stream.getTracks()) track.stop();
  }
}
