// SPDX-License-Identifier: Apache-2.0
// says: weir: no codec for this type: make it an aggregate whose fields have one
#include <weir/weir.hpp>

class account {
public:
    explicit account(int) {}
};

int main() {
    weir::app app{"a"};
    app.topic<account, int>("t");
}
