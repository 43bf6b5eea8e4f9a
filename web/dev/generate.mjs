// openapi.json -> src/lib/api/schema.d.ts.
// The description says of some query parameters that they stand in the path; one that is not in the address is not.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const document = JSON.parse(readFileSync('openapi.json', 'utf8'));
for (const [path, operations] of Object.entries(document.paths))
	for (const { parameters = [] } of Object.values(operations))
		for (const parameter of parameters)
			if (parameter.in === 'path' && !path.includes(`{${parameter.name}}`))
				Object.assign(parameter, { in: 'query', required: false });

writeFileSync('src/lib/api/schema.d.ts', astToString(await openapiTS(document)));
