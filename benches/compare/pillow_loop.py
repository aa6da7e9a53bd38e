"""What a Python user would write: draft decode, 2048 px box, the highest quality under the cap. Prints its CPU seconds."""

import io
import sys
import time

from PIL import Image

source, cap, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
start = time.process_time()
image = Image.open(source)
image.draft("RGB", (2048, 2048))
image = image.convert("RGB")
image.thumbnail((2048, 2048), Image.Resampling.LANCZOS)
low, high, best = 1, 95, None
while low <= high:
    quality = (low + high) // 2
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    if buffer.tell() <= cap:
        best, low = buffer.getvalue(), quality + 1
    else:
        high = quality - 1
if best is None:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=1, optimize=True)
    best = buffer.getvalue()
with open(out, "wb") as file:
    file.write(best)
print(time.process_time() - start)
