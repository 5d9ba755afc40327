// SPDX-License-Identifier: Apache-2.0
// That this was built is the test: every public header compiled in a file of its own, and all of
// them linked together.
#include <cstdio>

int main() { std::puts("PASS every public header compiles alone"); }
