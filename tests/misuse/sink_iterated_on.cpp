// SPDX-License-Identifier: Apache-2.0
// says: weir: this pipeline has ended in a sink (for_each, to): nothing comes out of it
#include <weir/weir.hpp>

bool positive(int i) { return i > 0; }

int main() {
    weir::app app{"a"};
    for (int i : app.stream(app.topic<int>("t")) | weir::to("u") | weir::filter(positive)) return i;
}
