using DemoVlp.TextTokenization;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("text-tokenization");
builder.AddTextTokenization();
builder.AddMessaging(TextTokenizationModule.AddTextTokenizationConsumers);

var app = builder.Build();
app.UseServiceDefaults();
app.MapTextTokenization();
app.Run();
