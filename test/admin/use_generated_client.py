"""What a program does with the client that was generated from larder's OpenAPI document.

    use_generated_client.py URL IMAGE

Fetches the image, lists, inspects, checks and removes it, and prints what it saw as JSON. The client is the package
`larder_client`, on PYTHONPATH.
"""

import json
import sys

from larder_client import Client
from larder_client.api.default import (
    check_images,
    fetch_image,
    get_document,
    get_image,
    get_offline,
    get_version,
    list_images,
    remove_image,
    set_offline,
)
from larder_client.models import (
    CheckRequest,
    CheckRequestImagesItem,
    FetchRequest,
    ListImagesOrder,
    OfflineState,
)

url, image = sys.argv[1:]
client = Client(base_url=url)
seen = {"version": get_version.sync(client=client).name}

# Answered line by line, which the generator does not know: the program reads the lines.
fetched = fetch_image.sync_detailed(client=client, body=FetchRequest(image=image, platforms="all"))
seen["fetched"] = [json.loads(line)["kind"] for line in fetched.content.splitlines()][-1]

names, after = [], None
while True:
    more = {} if after is None else {"after": after}
    page = list_images.sync(client=client, search=image, limit=1, order=ListImagesOrder.DESC, **more)
    names += [listed.name for listed in page.images]
    after = page.next_
    if after is None:
        break
seen["listed"] = names

inspected = get_image.sync(client=client, image=image)
seen["inspected"] = [inspected.name, inspected.kind.value, len(inspected.layers)]
by_digest = image.rsplit(":", 1)[0] + "@" + inspected.digest
seen["by digest"] = get_image.sync(client=client, image=by_digest).name == by_digest

wanted = [CheckRequestImagesItem(image=image, platforms="all")]
seen["checked"] = check_images.sync(client=client, body=CheckRequest(images=wanted)).images[0].state.value

seen["removed"] = remove_image.sync(client=client, image=image).removed.value
problem = get_image.sync(client=client, image=image)
seen["problem"] = [problem.status, problem.code, problem.detail]
seen["refused"] = get_image.sync(client=client, image="quay.io/UPPER:1").code

set_offline.sync(client=client, body=OfflineState(offline=True))
seen["offline"] = get_offline.sync(client=client).offline
refused = fetch_image.sync(client=client, body=FetchRequest(image=image, platforms="all"))
seen["cannot fetch"] = [refused.status, refused.code]
seen["document"] = get_document.sync(client=client).additional_properties["openapi"]

json.dump(seen, sys.stdout)
