// SPDX-License-Identifier: Apache-2.0
// says: weir: what stands before | is not a stream: begin with one
#include <weir/weir.hpp>

struct topic_name {};

int main() {
    weir::app app{"a"};
    app.agent("x", topic_name{} | weir::map([](int i) { return -i; }));
}
