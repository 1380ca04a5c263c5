using DemoVlp.Database;
using DemoVlp.Messaging;
using DemoVlp.QueryAnswering;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("query-answering");
builder.AddQueryAnswering();
builder.AddMessaging(QueryAnsweringModule.AddQueryAnsweringConsumers);

var app = builder.Build();
if (await app.MigrateIfAskedAsync<QueryDbContext>(args)) return;
app.UseServiceDefaults();
app.MapQueryAnswering();
app.Run();
