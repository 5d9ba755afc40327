// SPDX-License-Identifier: Apache-2.0
// says: weir: stream<K, V> is made of a stream of these very keys and values
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    weir::stream<std::string, int> s = app.topic<std::string, double>("t");
    app.agent("x", s | weir::to("u"));
}
