// What the reference shows of each operation, with axios: node snippets.cjs NAME < PART
//
// PART is {"id", "name", "basename"} as JSON.  Prints what the page would have seen: what it saved,
// logged and opened, or the error it got.  Each function makes the reference's call: the same
// method, URL, options and use of the result.
const axios = require('axios');
const crypto = require('crypto');
const fs = require('fs');
const WebSocket = require('ws');

const seen = { saved: [], logged: [], opened: [] };
const pending = [];

// --- the page: what a snippet finds around it ---------------------------------------------------

function saveAs(blob, fileName) {
  pending.push(blob.arrayBuffer().then((bytes) => {
    const sha256 = crypto.createHash('sha256').update(Buffer.from(bytes)).digest('hex');
    seen.saved.push({ fileName, type: blob.type, size: blob.size, sha256 });
  }));
}

const page = { log: (data) => seen.logged.push(data) };
const window = { open: (url) => seen.opened.push(url) };

// As in a browser: fetch knows blobs. But under Node axios gives a form to fetch with a content type
// of its own, without the boundary that a browser would write; its other adapter writes one.
function adapter(config) {
  return axios.getAdapter(config.data instanceof FormData ? 'http' : 'fetch')(config);
}

// The component that `this` is in the snippets.
const component = {
  part: JSON.parse(fs.readFileSync(0, 'utf8')),
  url: process.env.FILEAPI_WS_URL,
  $keycloak: { token: process.env.FILEAPI_TOKEN },
  axiosInstance: axios.create({
    baseURL: process.env.FILEAPI_URL,
    headers: { Authorization: `Bearer ${process.env.FILEAPI_TOKEN}` },
    adapter,
  }),
};

// Starts a job when the socket is open; ends when the event has been handled, or the start fails.
function startAndWait(page_, path, task, fetchFile) {
  return new Promise((resolve, reject) => {
    const websocketInstance = new WebSocket(`${page_.url}/echo/?Bearer=${page_.$keycloak.token}`);
    const end = (settle, value) => { websocketInstance.close(); settle(value); };

    websocketInstance.onerror = (event) => reject(new Error(event.message));
    websocketInstance.onmessage = (event) => {
      const jsonEvent = JSON.parse(event.data);
      // Other parts' events of the same user come to every page of theirs.
      if (jsonEvent.task === task && jsonEvent.part_id === page_.part.id) {
        fetchFile().then((value) => end(resolve, value), (error) => end(reject, error));
      }
    };
    websocketInstance.onopen = () => {
      page_.axiosInstance.get(path).then((response) => page.log(response.data))
        .catch((error) => end(reject, error));
    };
  });
}

// --- the snippets -------------------------------------------------------------------------------

const snippets = {
  report() {
    const { id, name } = this.part;
    return startAndWait(this, `/api/v1/part/${id}/analysis-results-file/`,
      'write_and_store_analysis_results_XLS', () => this.axiosInstance
        .get(`/api/v1/part/${id}/fetch-analysis-results-file/`, { responseType: 'blob' })
        .then((response) => saveAs(response.data, `Results_${name.replace(/\s/g, '_')}.xlsx`)));
  },

  visualization() {
    return this.axiosInstance
      .get(`/api/v1/part/${this.part.id}/visualization-file/`, { responseType: 'blob' })
      .then((response) => {
        saveAs(response.data, `Results_${this.part.name.replace(/\s/g, '_')}.glb`);
      });
  },

  thumbnail() {
    return this.axiosInstance
      .get(`/api/v1/part/${this.part.id}/thumbnail-file/`, { responseType: 'blob' })
      .then((response) => {
        saveAs(response.data, `Results_${this.part.name.replace(/\s/g, '_')}.png`);
      });
  },

  cad() {
    return this.axiosInstance
      .get(`/api/v1/part/${this.part.id}/upload-file/`, { responseType: 'blob' })
      .then((response) => {
        saveAs(response.data, `MyCad_${this.part.name.replace(/\s/g, '_')}.step`);
      });
  },

  deletePart() {
    return this.axiosInstance
      .delete(`/api/v1/part/${this.part.id}/upload-file/`)
      .then((response) => page.log(response.data));
  },

  orientation() {
    const { id, basename } = this.part;
    return startAndWait(this, `/api/v1/part/${id}/optimal-orientation-file/`,
      'apply_optimal_orientation_and_store_file_STEP', () => this.axiosInstance
        .get(`/api/v1/part/${id}/fetch-optimal-orientation-file/`, { responseType: 'blob' })
        .then((response) => {
          saveAs(response.data, `Optimally_oriented_${basename.replace(/\s/g, '_')}`);
        }));
  },

  // The handler of the event, on its own: what is fetched when it has come.
  fetchOrientation() {
    return this.axiosInstance
      .get(`/api/v1/part/${this.part.id}/fetch-optimal-orientation-file/`, { responseType: 'blob' })
      .then((response) => {
        saveAs(response.data, `Optimally_oriented_${this.part.basename.replace(/\s/g, '_')}`);
      });
  },

  zip() {
    return this.axiosInstance
      .get(`/api/v1/part/${this.part.id}/zip-request-for-quotation/`, { responseType: 'blob' })
      .then((response) => {
        saveAs(response.data, `${this.part.name.replace(/\s/g, '_')}_data_for_RFQ.zip`);
      });
  },

  // Corrected as the contract says: a blob cannot be opened, the text can.
  mail() {
    return this.axiosInstance
      .get(`/api/v1/part/${this.part.id}/mail-request-for-quotation/`)
      .then((response) => window.open(response.data));
  },

  asset() {
    const basename = 'myDrawing.pdf';
    return this.axiosInstance
      .get(`/api/v1/part/${this.part.id}/assets/`, {
        responseType: 'blob',
        params: { basename },
      })
      .then((response) => saveAs(response.data, basename));
  },

  uploadAsset() {
    const file = new File(['%PDF-1.7 of a drawing'], 'MyDrawing.pdf', { type: 'application/pdf' });
    const formData = new FormData();
    formData.append('file', file);
    formData.append('asset_type', 'drawing');
    formData.append('overwrite', 'true');
    return this.axiosInstance
      .post('/api/v1/part/0/assets/', formData)
      .then((response) => page.log(response.data));
  },

  // Corrected as the contract says: the method is DELETE.
  deleteAsset() {
    const formData = new FormData();
    formData.append('basename', 'MyDrawing.pdf');
    return this.axiosInstance
      .delete(`/api/v1/part/${this.part.id}/assets/`, { data: formData })
      .then((response) => page.log(response.data));
  },

  // As printed: it must be refused, and delete nothing.
  deleteAssetAsPrinted() {
    const formData = new FormData();
    formData.append('basename', 'MyDrawing.pdf');
    return this.axiosInstance
      .post(`/api/v1/part/${this.part.id}/assets/`, formData)
      .then((response) => page.log(response.data));
  },
};

// --- running one --------------------------------------------------------------------------------

async function problemOf(error) {
  if (!error.response) throw error;
  const { status, data } = error.response;
  const body = data instanceof Blob ? JSON.parse(await data.text()) : data;
  return { status, detail: body.detail };
}

async function main(name) {
  try {
    await snippets[name].call(component);
    await Promise.all(pending);
  } catch (error) {
    seen.error = await problemOf(error);
  }
  process.stdout.write(JSON.stringify(seen));
}

main(process.argv[2]).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
