"""A report in a real browser."""

from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.mark.chromium
async def test_a_reader_switches_language_and_theme_without_network(learn_report: Path) -> None:
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = await browser.new_context(locale="ru-RU", offline=True)
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(learn_report.as_uri())
        lead, image = page.locator(".lead strong"), page.locator("img").first
        await expect(lead).to_have_text("Хорошая.", use_inner_text=True)
        await expect(image).to_have_attribute("alt", "Кадр видео с рамкой вокруг логотипа")
        assert await page.title() == "<Канал & 1>: чему научилась модель"
        await page.get_by_role("button", name="English").click()
        await expect(lead).to_have_text("Good.", use_inner_text=True)
        await expect(image).to_have_attribute("alt", "A frame of the footage with a box around the logo")
        assert await page.title() == "<Канал & 1>: what was learnt"
        await page.get_by_role("button", name="Dark").click()
        background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(14, 18, 25)"
        await browser.close()
    assert complaints == []
