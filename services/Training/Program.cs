using DemoVlp.Database;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training;
using DemoVlp.Training.Data;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("training");
builder.AddTraining();
builder.AddMessaging(TrainingModule.AddTrainingConsumers);

var app = builder.Build();
if (await app.MigrateIfAskedAsync<TrainingDbContext>(args)) return;
app.UseServiceDefaults();
app.MapTraining();
app.Run();
