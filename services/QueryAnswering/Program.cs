using DemoVlp.QueryAnswering;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("query-answering");
builder.AddQueryAnswering();
builder.AddMessaging(QueryAnsweringModule.AddQueryAnsweringConsumers);

var app = builder.Build();
app.UseServiceDefaults();
app.MapQueryAnswering();
app.Run();
