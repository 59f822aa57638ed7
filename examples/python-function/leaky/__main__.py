"""A function that remembers its arguments: module state outlives a call in every warm container."""

calls = []


def main(args):
    # The leak: the platform reuses the module, so this list grows from call to call.
    calls.append(args)
    return {"body": {"msg": "hello " + str(args.get("name", "stranger"))}}
