// What the frontend does, with axios: node axios.cjs FILE
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const axios = require('axios');
const FormData = require('form-data');

const api = axios.create({
  baseURL: process.env.FILEAPI_URL,
  headers: { Authorization: `Bearer ${process.env.FILEAPI_TOKEN}` },
  proxy: false,
});

async function main(file) {
  const form = new FormData();
  form.append('file', fs.createReadStream(file));
  form.append('asset_type', 'cad');
  form.append('overwrite', 'true');
  const { data } = await api.post('/api/v1/part/0/assets/', form, { headers: form.getHeaders() });
  assert.strictEqual(data.task, 'PartAssetApi');
  assert.strictEqual(Object.values(data.assets)[0].basename, path.basename(file));

  const url = `/api/v1/part/${data.part_id}/thumbnail-file/`;
  let picture;
  for (let i = 0; i < 100 && !picture; i++) {
    picture = await api.get(url, { responseType: 'arraybuffer' }).catch((error) => {
      assert.strictEqual(error.response.status, 404);
      assert.strictEqual(JSON.parse(Buffer.from(error.response.data)).detail,
        'Object not found in storage.');
      return new Promise((resolve) => { setTimeout(resolve, 100); });
    });
  }
  assert.strictEqual(picture.headers['content-type'], 'image/png');
  assert.strictEqual(Buffer.from(picture.data).subarray(1, 4).toString(), 'PNG');

  const start = await api.get(`/api/v1/part/${data.part_id}/analysis-results-file/`);
  assert.strictEqual(start.data, 'Celery worker for storing analysis result file started.');
}

main(process.argv[2]).catch((error) => {
  console.error(error.message, error.response && error.response.data);
  process.exit(1);
});
