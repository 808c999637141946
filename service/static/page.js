// The plain page: posts the enquiry and shows the answer. The form that websites embed is a file of its own.
const HAND_OVER =
  "We cannot read messages automatically just now. Please call the clinic. · " +
  "Ahora no podemos leer mensajes automáticamente. Llame a la clínica, por favor.";

const form = document.getElementById("enquiry");
const answer = document.getElementById("answer");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const prediction = await ask(form.elements.text.value);
  answer.className = prediction.urgency ?? "";
  answer.lang = prediction.language ?? "";
  document.getElementById("message").textContent = prediction.message ?? HAND_OVER;
  document.getElementById("prediction").textContent = JSON.stringify(prediction, null, 2);
  answer.hidden = false;
});

async function ask(text) {
  try {
    const response = await fetch("/v1/predictions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text }),
    });
    return await response.json();
  } catch {
    return {}; // unreachable: the visitor is told to call
  }
}
