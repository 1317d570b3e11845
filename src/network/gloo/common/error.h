// Asked for by c10d's header.
#pragma once
#include <gloo/context.h>
