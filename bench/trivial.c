// SPDX-License-Identifier: MIT
/* bench measures the start-up of this program. */
int main(void)
{
	return 0;
}
